from . import pack
from . import receipt
from . import register

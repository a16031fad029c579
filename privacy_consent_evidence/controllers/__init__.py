from . import pack
from . import receipt

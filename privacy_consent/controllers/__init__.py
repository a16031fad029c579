from . import public
from . import consent

from . import public
from . import consent
from . import preferences

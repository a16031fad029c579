from . import page
from . import consent
from . import preferences

from . import page
from . import consent
from . import preferences
from . import together
from . import trial_page
from . import export

from . import controllers
from . import log_mask
from . import models
from . import wizards

log_mask.install()

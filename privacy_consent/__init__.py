from . import controllers
from . import links
from . import models
from . import wizards

links.mask.install()

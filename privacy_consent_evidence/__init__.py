from . import log
from . import models
from . import controllers
from . import verifier
from . import wizards
from .models.privacy_consent_leaf import drop_queue


def uninstall_hook(env):
    """Drop what notes new events, or no answer could be stored any more."""
    drop_queue(env.cr)

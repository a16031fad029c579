from . import privacy_activity

from . import account, form

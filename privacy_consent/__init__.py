from . import answer_guard
from . import append_only
from . import controllers
from . import links
from . import models
from . import wizards

links.mask.install()


def uninstall_hook(env):
    """Drop what guards the tables, which go next."""
    append_only.drop_guards(env.cr)
    answer_guard.drop_answer_guard(env.cr)

from . import answer_guard
from . import append_only
from . import controllers
from . import links
from . import models
from . import paths
from . import wizards
from .models.res_partner_consented import drop_consented_view

links.mask.install()


def post_load():
    """Read rewritten links also where a request has no database yet."""
    paths.read_without_database()


def uninstall_hook(env):
    """Drop what guards and reads the tables, which go next."""
    drop_consented_view(env.cr)
    append_only.drop_guards(env.cr)
    answer_guard.drop_answer_guard(env.cr)

from . import test_access
from . import test_subject_domain

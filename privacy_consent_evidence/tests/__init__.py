from . import test_log
from . import test_seal
from . import test_verify
from . import test_departure
from . import test_pack
from . import test_proof_pack
from . import test_record
from . import test_receipt

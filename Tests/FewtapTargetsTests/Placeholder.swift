import Testing

import FewtapTargets

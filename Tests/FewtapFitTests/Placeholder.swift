import Testing

import FewtapFit

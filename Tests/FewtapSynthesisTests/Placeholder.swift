import Testing

import FewtapSynthesis

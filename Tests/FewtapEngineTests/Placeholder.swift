import Testing

import FewtapEngine

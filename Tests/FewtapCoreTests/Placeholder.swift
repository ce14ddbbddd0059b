import Testing

import FewtapCore

import Testing

import FewtapImageIO

import FewtapCore

// What a Swift user needs, in one import.
@_exported import FewtapCore
@_exported import FewtapEngine
@_exported import FewtapFit
@_exported import FewtapSynthesis
@_exported import FewtapTargets

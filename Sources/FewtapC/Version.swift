// swift-format-ignore-file: AlwaysUseLowerCamelCase, AllPublicDeclarationsHaveDocumentation
// Names and documentation are those of fewtap.h.

import CFewtap
import FewtapCore

@c @implementation
public func fewtap_abi_version() -> Int32 { FEWTAP_ABI_VERSION }

@c @implementation
public func fewtap_version() -> UnsafePointer<CChar>? { versionText }

/// It lives as long as the process.
private nonisolated(unsafe) let versionText = UnsafeRawPointer(libraryVersion.utf8Start).assumingMemoryBound(
  to: CChar.self)

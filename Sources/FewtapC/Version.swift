// swift-format-ignore-file: AlwaysUseLowerCamelCase, AllPublicDeclarationsHaveDocumentation
// Names and documentation are those of fewtap.h.

import CFewtap

@c @implementation
public func fewtap_abi_version() -> Int32 { FEWTAP_ABI_VERSION }

@c @implementation
public func fewtap_version() -> UnsafePointer<CChar>? { versionText }

/// Of the command, too; lives as long as the process.
private nonisolated(unsafe) let versionText: UnsafePointer<CChar>? = {
  let text: StaticString = "0.1.0"
  return UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
}()

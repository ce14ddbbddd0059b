// swift-format-ignore-file: AlwaysUseLowerCamelCase, AllPublicDeclarationsHaveDocumentation
// Names and documentation are those of fewtap.h.

import CFewtap
import FewtapCore
import FewtapEngine
import FewtapTargets
import Synchronization

/// What a handle may stand for.
protocol Handled: Sendable {
  /// What errors call it.
  static var handleName: String { get }
}

extension Kernel: Handled { static var handleName: String { "kernel" } }
extension KernelFamily: Handled { static var handleName: String { "family" } }
extension SparseFilter: Handled { static var handleName: String { "filter" } }
extension FilterBasis: Handled { static var handleName: String { "basis" } }

/// The values that handles stand for. A handle is a number that is never given twice, not an address: one that was freed, or that a
/// caller made up, is simply not in the table.
final class HandleTable: Sendable {
  static let shared = HandleTable()

  private struct Entries {
    var values: [UInt: any Handled] = [:]
    var next: UInt = 1
  }

  private let entries = Mutex(Entries())

  /// How many handles there are.
  var count: Int { entries.withLock { $0.values.count } }

  /// A new handle for `value`.
  func insert(_ value: some Handled) -> OpaquePointer? {
    entries.withLock { entries in
      // Multiples of 16 look like addresses of memory to tools that look at alignment.
      let key = entries.next << 4
      entries.next += 1
      entries.values[key] = value
      return OpaquePointer(bitPattern: key)
    }
  }

  /// What `handle` stands for.
  ///
  /// Throws: ``CallError`` for NULL, a freed handle, one of another kind.
  func value<Value: Handled>(_ handle: OpaquePointer?, _ type: Value.Type = Value.self) throws(CallError) -> Value {
    guard let handle else { throw .null(Value.handleName) }
    guard let found = entries.withLock({ $0.values[UInt(bitPattern: handle)] }) else {
      throw CallError(
        FEWTAP_BAD_HANDLE, "the \(Value.handleName) is no handle: it was freed, or was never made by this library")
    }
    guard let value = found as? Value else {
      throw CallError(
        FEWTAP_BAD_HANDLE,
        "the handle given as a \(Value.handleName) is one of a \(Swift.type(of: found).handleName)")
    }
    return value
  }

  /// Forgets `handle` if it is one of such a value; else nothing happens.
  func remove<Value: Handled>(_ handle: OpaquePointer?, _ type: Value.Type) {
    let removed: (any Handled)? = entries.withLock { entries in
      let key = UInt(bitPattern: handle)
      return entries.values[key] is Value ? entries.values.removeValue(forKey: key) : nil
    }
    // It ends here, outside of the lock.
    _ = removed
  }
}

@c @implementation
public func fewtap_handle_count() -> Int64 { Int64(HandleTable.shared.count) }

@c @implementation
public func fewtap_kernel_free(_ kernel: OpaquePointer?) { HandleTable.shared.remove(kernel, Kernel.self) }

@c @implementation
public func fewtap_family_free(_ family: OpaquePointer?) { HandleTable.shared.remove(family, KernelFamily.self) }

@c @implementation
public func fewtap_filter_free(_ filter: OpaquePointer?) { HandleTable.shared.remove(filter, SparseFilter.self) }

@c @implementation
public func fewtap_basis_free(_ basis: OpaquePointer?) { HandleTable.shared.remove(basis, FilterBasis.self) }

@c @implementation
public func fewtap_map_free(_ map: OpaquePointer?) { HandleTable.shared.remove(map, PixelMap.self) }

@c @implementation
public func fewtap_plan_free(_ plan: OpaquePointer?) { HandleTable.shared.remove(plan, AnyPlan.self) }

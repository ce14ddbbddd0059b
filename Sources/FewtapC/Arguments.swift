// swift-format-ignore-file: AlwaysUseLowerCamelCase, AllPublicDeclarationsHaveDocumentation
// Names and documentation are those of fewtap.h.

import CFewtap

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

// What callers give, made safe.

/// The struct of options at `pointer`, of which the caller may know fewer or more fields than this library; `standard` for NULL.
///
/// Throws: ``CallError`` for a size that cannot be one, or fields set that this library does not know.
func options<Options>(
  _ pointer: UnsafePointer<Options>?, _ standard: Options, _ name: String
) throws(CallError) -> Options {
  guard let pointer else { return standard }
  let bytes = UnsafeRawPointer(pointer)
  let (size, known) = (Int(bytes.load(as: UInt32.self)), MemoryLayout<Options>.size)
  try checkSize(size, known, name)
  if size > known, UnsafeRawBufferPointer(start: bytes + known, count: size - known).contains(where: { $0 != 0 }) {
    throw CallError(FEWTAP_UNSUPPORTED, "\(name) has fields set that this library does not know: use a newer one")
  }
  var value = standard
  withUnsafeMutableBytes(of: &value) {
    $0.copyMemory(from: UnsafeRawBufferPointer(start: bytes, count: min(size, known)))
  }
  return value
}

/// Writes `info` to the caller's struct, as much of it as the caller knows.
///
/// Throws: ``CallError`` for NULL, and for a size that cannot be one.
func write<Info>(_ info: Info, to pointer: UnsafeMutablePointer<Info>?, _ name: String) throws(CallError) {
  guard let pointer else { throw .null(name) }
  let bytes = UnsafeMutableRawPointer(pointer)
  let (size, known) = (Int(bytes.load(as: UInt32.self)), MemoryLayout<Info>.size)
  try checkSize(size, known, name)
  withUnsafeBytes(of: info) { info in
    let head = MemoryLayout<UInt32>.size
    // The size stays what the caller said; fields that this library does not know are 0.
    (bytes + head).copyMemory(from: info.baseAddress! + head, byteCount: min(size, known) - head)
  }
  if size > known { memset(bytes + known, 0, size - known) }
}

private func checkSize(_ size: Int, _ known: Int, _ name: String) throws(CallError) {
  // No struct will grow beyond that: what is larger was never set.
  guard (8...4096).contains(size) else {
    throw .value("\(name)->size", size, expected: "sizeof of the struct, here \(known)")
  }
}

/// The text of an argument.
func text(_ pointer: UnsafePointer<CChar>?, _ name: String) throws(CallError) -> String {
  guard let pointer else { throw .null(name) }
  guard let text = String(validatingCString: pointer) else {
    throw CallError(FEWTAP_BAD_FORMAT, "\(name) is no UTF-8 text")
  }
  return text
}

/// The meaning of an option's text; `standard` for NULL.
func choice<Choice: RawRepresentable & CaseIterable>(
  _ pointer: UnsafePointer<CChar>?, _ standard: Choice, _ name: String
) throws(CallError) -> Choice where Choice.RawValue == String {
  guard pointer != nil else { return standard }
  let text = try text(pointer, name)
  guard let choice = Choice(rawValue: text) else {
    let known = Choice.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
    throw .value(name, "\"\(text)\"", expected: "one of \(known)")
  }
  return choice
}

/// An argument that is 0 or 1.
func flag(_ value: Int32, _ name: String) throws(CallError) -> Bool {
  guard value == 0 || value == 1 else { throw .value(name, value, expected: "0 or 1") }
  return value == 1
}

/// Threads to work on; 0 stands for all cores.
func threads(_ count: Int32) throws(CallError) -> Int {
  guard count >= 0 else { throw .value("threads", count, expected: "0 for all cores, or more") }
  return count == 0 ? ProcessInfo.processInfo.activeProcessorCount : Int(count)
}

/// A count of an array, within `range`.
func count(_ count: Int64, _ range: ClosedRange<Int>, _ name: String) throws(CallError) -> Int {
  guard let count = Int(exactly: count), range.contains(count) else {
    throw CallError(FEWTAP_BAD_SHAPE, "\(name) is \(count): expected \(range.lowerBound) to \(range.upperBound)")
  }
  return count
}

/// Room for `expected` values must be just that.
func checkRoom(_ count: Int64, _ expected: Int, _ name: String) throws(CallError) {
  guard count == expected else {
    throw CallError(
      FEWTAP_BAD_SHAPE, "\(name) is \(count): there are \(expected), and there must be room for just them")
  }
}

/// The numbers of an array that a caller owns.
func array<Element>(
  _ pointer: UnsafePointer<Element>?, _ count: Int, _ name: String
) throws(CallError) -> UnsafeBufferPointer<Element> {
  guard let pointer else { throw .null(name) }
  return UnsafeBufferPointer(start: pointer, count: count)
}

/// Where the result goes, which must be given; it is nothing until there is one.
func result<Value>(
  _ pointer: UnsafeMutablePointer<Value?>?, _ name: String
) throws(CallError) -> UnsafeMutablePointer<Value?> {
  guard let pointer else { throw .null(name) }
  pointer.pointee = nil
  return pointer
}

/// Gives `text` away as memory of its own, which `fewtap_free` frees.
func give(
  _ text: some Collection<UInt8>, to pointer: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>,
  length: UnsafeMutablePointer<Int64>? = nil
) throws(CallError) {
  let bytes = text.count
  guard let memory = malloc(bytes + 1) else {
    throw CallError(FEWTAP_OUT_OF_MEMORY, "there is no memory for a text of \(bytes) bytes")
  }
  let buffer = UnsafeMutableRawBufferPointer(start: memory, count: bytes + 1)
  buffer.copyBytes(from: text)
  buffer[bytes] = 0
  pointer.pointee = memory.assumingMemoryBound(to: CChar.self)
  length?.pointee = Int64(bytes)
}

@c @implementation
public func fewtap_free(_ memory: UnsafeMutableRawPointer?) { free(memory) }

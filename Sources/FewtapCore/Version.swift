/// The version of all parts of this package: the command's and the C library's, too.
package let libraryVersion: StaticString = "0.1.0"

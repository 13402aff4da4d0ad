internal import CProcess
import Glibc

/// A program to start, with all that it is given.
public struct ChildCommand: Sendable {
    /// The program and its arguments, as bytes without NUL. The program is looked up in PATH unless it has a slash.
    public var words: [[UInt8]]
    /// What the program is called instead of its first word, which is then only the name it is told.
    public var path: String?
    /// Every variable of its environment, `NAME=value`; `nil` leaves it this process's own.
    public var environment: [[UInt8]]?
    /// Variables beside those, which take the place of others of the same name.
    public var variables: [(name: String, value: [UInt8])] = []
    /// The folder to start in; `nil` is this process's.
    public var folder: String?
    /// Whether it stays in this process's group, where a terminal's signals reach both. `ChildProcess` sends no signal to it then.
    public var sharesGroup = false
    /// Whether it is killed when the *thread* that starts it ends, and so at the latest with this process, however that ends.
    public var diesWithParent = false
    /// Its soft limit of descriptors, where this process has raised its own; 0 leaves it as it is here.
    public var descriptorLimit: UInt = 0

    /// A program, looked for along `PATH`, and its arguments.
    public init(_ words: [[UInt8]]) { self.words = words }

    /// The same, from text.
    public init(_ words: [String]) { self.init(words.map { Array($0.utf8) }) }

    /// `/bin/sh -c text`.
    public static func shell(_ text: String) -> ChildCommand { ChildCommand(["/bin/sh", "-c", text]) }

    /// Runs the program in place of this process, which is the end of it.
    /// - Returns: why that could not be.
    public func replaceThisProcess() -> TransportError {
        let number = withVectors { arguments, environment in
            guard let path else { return -cprocess_become(arguments.pointee!, arguments, environment) }
            return -path.withCString { cprocess_become($0, arguments, environment) }
        }
        let name = path ?? String(decoding: words[0], as: UTF8.self)
        return TransportError(.failure, "'\(name)' could not be started: \(SystemError.words(number))", errno: number)
    }

    /// Lends the words and the environment as execve(2) wants them.
    func withVectors<Result>(
        _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>, UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
    ) -> Result {
        var arena = Arena(capacity: size)
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { arena.add($0) }
        arguments.append(nil)
        defer { arena.free() }
        if environment == nil && variables.isEmpty { return body(arguments, environ) }
        var entries: [UnsafeMutablePointer<CChar>?] = []
        if let environment {
            for entry in environment where !isReplaced(entry.prefix { $0 != UInt8(ascii: "=") }) { entries.append(arena.add(entry)) }
        } else {
            var place = environ
            while let entry = place.pointee {
                let length = strcspn(entry, "=")
                let name = UnsafeRawBufferPointer(start: entry, count: length)
                if !isReplaced(name) { entries.append(entry) }
                place += 1
            }
        }
        for (name, value) in variables { entries.append(arena.add(Array(name.utf8) + [UInt8(ascii: "=")] + value)) }
        entries.append(nil)
        return body(arguments, entries)
    }

    private func isReplaced(_ name: some Sequence<UInt8>) -> Bool { variables.contains { $0.name.utf8.elementsEqual(name) } }

    private var size: Int {
        var size = 0
        for word in words { size += word.count + 1 }
        for entry in environment ?? [] { size += entry.count + 1 }
        for (name, value) in variables { size += name.utf8.count + value.count + 2 }
        return size
    }

    /// One block for all strings of a start.
    private struct Arena {
        private let start: UnsafeMutablePointer<CChar>
        private var used = 0

        init(capacity: Int) { start = .allocate(capacity: max(1, capacity)) }

        mutating func add(_ bytes: [UInt8]) -> UnsafeMutablePointer<CChar> {
            let place = start + used
            for (index, byte) in bytes.enumerated() { place[index] = CChar(bitPattern: byte) }
            place[bytes.count] = 0
            used += bytes.count + 1
            return place
        }

        func free() { start.deallocate() }
    }
}

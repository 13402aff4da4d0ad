import Glibc
import MQCore

/// What an address says about which queue is meant.
enum SysVName: Sendable, Equatable {
    case key(Int32)
    /// The key is derived by ftok(3) whenever the queue is opened, since the file may change.
    case file(path: String, project: Int)
    case id(CInt)
    case temporary
    /// Nothing: enough for `list`.
    case none

    /// - Throws: `usage` for what can never be a queue.
    init(_ target: String, _ options: OptionValues) throws(TransportError) {
        let project = options.text("proj")
        if target.contains("/") {
            self = .file(path: target, project: try Self.project(project ?? "1"))
            return
        }
        if project != nil { throw TransportError(.usage, "proj belongs to a path", hint: "sysv:/path,proj=N") }
        if target.isEmpty {
            self = .none
        } else if target == "temp" {
            self = .temporary
        } else if target.hasPrefix("id=") {
            self = .id(try Self.identifier(String(target.dropFirst(3))))
        } else {
            self = .key(try Self.key(target))
        }
    }

    /// Keys are 32 bits; the kernel's own table shows them as signed numbers, so these are understood too.
    private static func key(_ text: String) throws(TransportError) -> Int32 {
        guard let number = Quantity.integer(text) else {
            throw TransportError(
                .usage, "'\(text)' is not a key", hint: "sysv: takes a number (0x4d51), a path with a slash, id=N or temp")
        }
        guard (Int(Int32.min)...Int(UInt32.max)).contains(number) else {
            throw TransportError(.usage, "key \(text) has more than 32 bits", hint: "0x1 to 0xffffffff")
        }
        if number == 0 {
            throw TransportError(.usage, "key 0 is IPC_PRIVATE and opens nothing", hint: "sysv:temp is a private queue")
        }
        return Int32(truncatingIfNeeded: number)
    }

    private static func identifier(_ text: String) throws(TransportError) -> CInt {
        guard let number = Quantity.integer(text), (0...Int(Int32.max)).contains(number) else {
            throw TransportError(.usage, "'\(text)' is not a queue identifier", hint: "a number as mq list sysv: or ipcs -q shows it")
        }
        return CInt(number)
    }

    /// C programs write `ftok(path, 'A')` as often as `ftok(path, 65)`.
    private static func project(_ text: String) throws(TransportError) -> Int {
        if let number = Quantity.integer(text), (1...255).contains(number) { return number }
        if text.utf8.count == 1, let byte = text.utf8.first, !(0x30...0x39).contains(byte) { return Int(byte) }
        throw TransportError(.usage, "proj=\(text) must be 1 to 255, or one letter", hint: "ftok keeps its low 8 bits")
    }

    /// The key, where there is one.
    /// - Throws: `noSuchQueue` when the file of a path does not exist, `permission` when it cannot be reached.
    func derivedKey() throws(TransportError) -> Int32? {
        switch self {
        case .key(let key): key
        case .file(let path, let project): try SysVFileKey(path: path, project: project).key
        case .id, .temporary, .none: nil
        }
    }

    var words: String {
        switch self {
        case .key(let key): Self.hex(key)
        case .file(let path, let project): "\(path),proj=\(project)"
        case .id(let id): "id=\(id)"
        case .temporary: "temp"
        case .none: ""
        }
    }

    static func hex(_ key: Int32) -> String { "0x" + String(UInt32(bitPattern: key), radix: 16) }

    /// For `mq explain`.
    var facts: [Fact] {
        switch self {
        case .key(let key): return Self.keyFacts(key, source: "address")
        case .id(let id): return [Fact("id", "Id", .identifier(Int(id)), source: "address")]
        case .temporary: return [Fact("key", "Key", .text("IPC_PRIVATE: a queue of its own, removed at exit"), source: "temp")]
        case .none: return []
        case .file(let path, let project):
            let parts: SysVFileKey
            do { parts = try SysVFileKey(path: path, project: project) } catch { return [Fact("key", "Key", .text(error.sentence))] }
            return Self.keyFacts(parts.key, source: "ftok(\"\(path)\", \(project))") + [
                Fact("project", "Project", .text("\(project) (0x\(String(project, radix: 16))): bits 24 to 31"), source: "proj"),
                Fact("device", "Device", .text("low 8 bits of \(parts.device): 0x\(String(parts.device & 0xff, radix: 16))"), source: path),
                Fact("inode", "Inode", .text("low 16 bits of \(parts.inode): 0x\(String(parts.inode & 0xffff, radix: 16))"), source: path),
            ]
        }
    }

    private static func keyFacts(_ key: Int32, source: String) -> [Fact] {
        [
            Fact("key", "Key", .text(hex(key)), source: source),
            Fact("key_decimal", "Key in decimal", .identifier(Int(key)), source: source),
        ]
    }
}

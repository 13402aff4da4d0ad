import Glibc
import MQCore

/// A czmq certificate, or a file with one bare Z85 key.
struct KeyFile {
    private let path: String
    private var named: [String: String] = [:]
    private var bare: [String] = []
    /// Whether there are lines of another kind.
    private var hasOthers = false

    private static let maximumSize = 1 << 20

    /// - Throws: `configuration` when the file cannot be read.
    init(_ path: String) throws(TransportError) {
        self.path = path
        for line in try Self.lines(of: path) {
            // A bare key may hold an equals sign.
            if Self.isZ85(line) {
                bare.append(line)
            } else if let equals = line.firstIndex(of: "="), line[..<equals].holds("key") {
                let name = Self.trimmed(line[..<equals])
                let value = Self.trimmed(line[line.index(after: equals)...])
                if value.hasPrefix("\"") && value.hasSuffix("\"") && value.count >= 2 {
                    named[name] = String(value.dropFirst().dropLast())
                }
            } else {
                hasOthers = true
            }
        }
    }

    func publicKey() throws(TransportError) -> String { try key("public-key") }
    func secretKey() throws(TransportError) -> String { try key("secret-key") }

    private func key(_ name: String) throws(TransportError) -> String {
        let candidate = named[name] ?? (named.isEmpty && bare.count == 1 ? bare[0] : nil)
        guard let candidate, Self.isZ85(candidate) else {
            throw TransportError(.configuration, "\(path) holds no \(name)", hint: "a czmq certificate, or one Z85 key of 40 characters")
        }
        return candidate
    }

    /// Every public key of a file with one key a line, of a certificate, or of a directory of certificates.
    static func publicKeys(in path: String) throws(TransportError) -> Set<String> {
        var keys: Set<String> = []
        var status = stat()
        if stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
            guard let directory = opendir(path) else {
                let failure = LocalFile.failure(path, errno)
                throw TransportError(failure.code == .permission ? .permission : .configuration, failure.message, errno: failure.errno)
            }
            defer { closedir(directory) }
            while let entry = readdir(directory) {
                let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
                // Beside each certificate czmq writes its secret part.
                if name.hasPrefix(".") || name.hasSuffix("_secret") { continue }
                keys.insert(try KeyFile("\(path)/\(name)").publicKey())
            }
        } else {
            let file = try KeyFile(path)
            // One that was cut off, or mistyped, would shut somebody out without a word.
            if file.hasOthers, file.named.isEmpty, !file.bare.isEmpty {
                throw TransportError(.configuration, "\(path): every line must be a public key", hint: "40 characters in Z85")
            }
            keys.formUnion(file.bare)
            if let key = file.named["public-key"] { keys.insert(key) }
        }
        guard !keys.isEmpty, keys.allSatisfy(isZ85) else {
            throw TransportError(
                .configuration, "\(path) holds no public keys", hint: "one Z85 key of 40 characters per line, or czmq certificates")
        }
        return keys
    }

    /// Lines `user:password`; the password may hold colons.
    static func users(in path: String) throws(TransportError) -> [String: String] {
        var users: [String: String] = [:]
        for line in try lines(of: path) {
            guard let colon = line.firstIndex(of: ":") else {
                throw TransportError(.configuration, "\(path): every line must be user:password")
            }
            users[String(line[..<colon])] = String(line[line.index(after: colon)...])
        }
        return users
    }

    /// Lines without blanks around them; empty ones and comments are left out.
    private static func lines(of path: String) throws(TransportError) -> [String] {
        let bytes: [UInt8]
        do throws(TransportError) {
            bytes = try LocalFile.contents(of: path, limit: maximumSize)
        } catch {
            throw TransportError(error.code == .permission ? .permission : .configuration, error.message, errno: error.errno)
        }
        // A bare key may begin with any character of Z85, # among them; a comment's line is longer or shorter than a key.
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(trimmed).filter {
            !$0.isEmpty && (!$0.hasPrefix("#") || isZ85($0))
        }
    }

    private static func trimmed(_ text: some StringProtocol) -> String {
        let blanks: Set<Character> = [" ", "\t", "\r"]
        let start = text.drop { blanks.contains($0) }
        guard let last = start.lastIndex(where: { !blanks.contains($0) }) else { return "" }
        return String(start[...last])
    }

    private static let alphabet = Set("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#".utf8)

    static func isZ85(_ text: String) -> Bool { text.utf8.count == 40 && text.utf8.allSatisfy(alphabet.contains) }
}

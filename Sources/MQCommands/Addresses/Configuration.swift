import Glibc
import MQCore

/// The configuration file: one JSON object; today it holds `alias`, names for addresses.
enum Configuration {
    /// `$MQ_CONFIG`, else `$XDG_CONFIG_HOME/mq/config.json`, else `~/.config/mq/config.json`.
    static var path: String {
        if let path = environment("MQ_CONFIG") { return path }
        if let folder = environment("XDG_CONFIG_HOME") { return folder + "/mq/config.json" }
        return (environment("HOME") ?? "") + "/.config/mq/config.json"
    }

    static func environment(_ name: String) -> String? {
        guard let value = getenv(name), value.pointee != 0 else { return nil }
        return String(cString: value)
    }

    /// The aliases of the file; none when there is no file.
    /// - Throws: `configuration` for a file that cannot be read or understood.
    static func aliases() throws(TransportError) -> [String: String] {
        let path = path
        guard let text = try contents(of: path) else { return [:] }
        do {
            return try parse(text)
        } catch {
            throw TransportError(.configuration, "\(path): \(error.message)", hint: #"it holds {"alias": {"NAME": "ADDRESS"}}"#)
        }
    }

    /// Reads the object; unknown keys are left to later versions.
    static func parse(_ text: [UInt8]) throws(TransportError) -> [String: String] {
        var aliases: [String: String] = [:]
        try JSONReader.read(text) { reader throws(TransportError) in
            guard try reader.kind() == .object else { throw reader.failure("expected an object") }
            try reader.object { reader, key throws(TransportError) in
                guard key == "alias" else { return try reader.skip() }
                try reader.object { reader, name throws(TransportError) in aliases[name] = try reader.string() }
            }
        }
        return aliases
    }

    private static func contents(of path: String) throws(TransportError) -> [UInt8]? {
        do {
            return try LocalFile.contents(of: path, limit: 1 << 20)
        } catch {
            if error.errno == ENOENT || error.errno == ENOTDIR { return nil }
            throw TransportError(.configuration, error.message)
        }
    }
}

import Glibc
import MQCore

/// The configuration file: one JSON object; today it holds `alias`, names for addresses.
enum Configuration {
    /// `$MQ_CONFIG`, else `$XDG_CONFIG_HOME/mq/config.json`, else `~/.config/mq/config.json`; `nil` when none of them is set.
    static var path: String? {
        environment("MQ_CONFIG") ?? folder("XDG_CONFIG_HOME", orInHome: ".config").map { $0 + "/mq/config.json" }
    }

    /// The folder that a variable names, else one in the home folder; `nil` without a home. A relative path in the variable does not
    /// count (XDG Base Directory Specification, "Basics").
    static func folder(_ variable: String, orInHome place: String) -> String? {
        if let folder = environment(variable), folder.hasPrefix("/") { return folder }
        return environment("HOME").map { "\($0)/\(place)" }
    }

    /// Where names for addresses are read from, or why from nowhere.
    static var whereabouts: String {
        guard let path else { return "aliases are read from the file that MQ_CONFIG names; HOME is not set" }
        let isMissing = environment("MQ_CONFIG") != nil && access(path.rawCString, F_OK) != 0
        return isMissing ? "MQ_CONFIG is \(path), and there is no such file" : "aliases are read from \(path)"
    }

    static func environment(_ name: String) -> String? {
        guard let value = getenv(name), value.pointee != 0 else { return nil }
        return String(rawCString: value)
    }

    /// The aliases of the file; none when there is no file.
    /// - Throws: `configuration` for a file that cannot be read or understood.
    static func aliases() throws(TransportError) -> [String: String] {
        guard let path, let text = try contents(of: path) else { return [:] }
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

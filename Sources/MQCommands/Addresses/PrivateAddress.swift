import MQCore

/// The address of a queue that has yet to be made: a scheme alone, with the hosts and options that it needs.
enum PrivateAddress {
    /// `posix-mq:temp` of `posix-mq:`, and what the queue's name must end in: `.fifo` of `sqs:.fifo`; `nil` when `text` names a queue.
    static func completed(_ text: String) -> (address: String, suffix: String)? {
        guard let colon = text.firstIndex(of: ":") else { return (text, "") }
        let (scheme, rest) = (text[...colon], text[text.index(after: colon)...])
        let comma = rest.firstIndex(of: ",") ?? rest.endIndex
        var (target, options) = (String(rest[..<comma]), String(rest[comma...]))
        if target.hasPrefix("//") {
            // Several hosts are divided by commas, too; what has no equals sign is one.
            while let next = options.dropFirst().split(separator: ",").first, !next.contains("="), !next.hasSuffix("/"),
                options.contains("/")
            {
                target += ",\(next)"
                options = String(options.dropFirst(next.count + 1))
            }
            let hosts = target.dropFirst(2)
            guard !hosts.dropLast().contains("/") else { return nil }
            return ("\(scheme)\(target)\(target.hasSuffix("/") ? "" : "/")temp\(options)", "")
        }
        if target.isEmpty || target == "temp" { return ("\(scheme)temp\(options)", "") }
        if target.hasPrefix(".") { return ("\(scheme)temp\(options)", target) }
        // A type without an endpoint.
        if target.hasSuffix(":") { return ("\(scheme)\(target)temp\(options)", "") }
        return nil
    }
}

import MQCore

extension Address {
    /// The name of the queue without where it is: `jobs` of `posix-mq:/jobs`, of an https URL or an ARN; `topic/channel` of nsq.
    var queueName: String {
        var name = target[...]
        let parts = name.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
        if parts.count == 3, parts[0].isEmpty || parts[0].hasSuffix(":"), parts[1].isEmpty {
            name = parts[2]
            name = name.firstIndex(of: "/").map { name[$0...] } ?? name
            // The account comes before the name.
            if scheme == "https" || scheme == "http" || target.hasPrefix("http") {
                name = name.lastIndex(of: "/").map { name[$0...] } ?? name
            }
        } else if name.hasPrefix("arn:") {
            name = name.lastIndex(of: ":").map { name[name.index(after: $0)...] } ?? name
        }
        return name.hasPrefix("/") ? String(name.dropFirst()) : String(name)
    }
}

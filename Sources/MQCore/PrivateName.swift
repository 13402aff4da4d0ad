import Glibc

/// Names for what belongs to this process alone: the process is readable in them, and chance tells apart those of one process, and
/// of processes with one number in different containers.
public enum PrivateName {
    /// `mq-temp-4711-1x9k2f`: letters, digits and hyphens, at most 30 bytes behind the prefix.
    public static func make(_ prefix: String = "mq-temp") -> String {
        "\(prefix)-\(getpid())-\(String(UInt32.random(in: .min ... .max), radix: 36))"
    }
}

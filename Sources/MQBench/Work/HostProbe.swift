internal import Glibc
internal import MQCore

/// What the machine is, and how busy others keep it (proc(5)).
struct HostProbe {
    private let loadBefore: Double
    private let ticksBefore: (all: Double, steal: Double)

    init() {
        loadBefore = Self.load
        ticksBefore = Self.ticks
    }

    /// The host over the time since this probe was made.
    func host() -> Host {
        let ticks = Self.ticks
        let all = ticks.all - ticksBefore.all
        var name = utsname()
        uname(&name)
        return Host(
            name: Self.text(name.nodename), system: "\(Self.text(name.sysname)) \(Self.text(name.release)) \(Self.text(name.machine))",
            processor: Self.field("model name", of: "/proc/cpuinfo") ?? "unknown processor",
            processors: Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))),
            memoryBytes: Int(sysconf(Int32(_SC_PHYS_PAGES))) * Int(sysconf(Int32(_SC_PAGESIZE))), loadBefore: loadBefore,
            loadAfter: Self.load, steal: all > 0 ? (ticks.steal - ticksBefore.steal) / all : 0)
    }

    private static func text<Tuple>(_ tuple: Tuple) -> String {
        withUnsafeBytes(of: tuple) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }

    private static func contents(_ path: String) -> String {
        String(decoding: (try? LocalFile.contents(of: path, limit: 1 << 20)) ?? [], as: UTF8.self)
    }

    private static func field(_ key: String, of path: String) -> String? {
        for line in contents(path).split(separator: "\n") where line.hasPrefix(key) {
            guard let colon = line.firstIndex(of: ":") else { continue }
            return String(line[line.index(after: colon)...].drop { $0 == " " })
        }
        return nil
    }

    private static var load: Double { contents("/proc/loadavg").split(separator: " ").first.flatMap { Double($0) } ?? 0 }

    /// Ticks of all processors: in all, and stolen by the hypervisor (the eighth number of the first line).
    private static var ticks: (all: Double, steal: Double) {
        let line = contents("/proc/stat").split(separator: "\n").first ?? ""
        let numbers = line.split(separator: " ").dropFirst().compactMap { Double($0) }
        return (numbers.prefix(8).reduce(0, +), numbers.count > 7 ? numbers[7] : 0)
    }
}

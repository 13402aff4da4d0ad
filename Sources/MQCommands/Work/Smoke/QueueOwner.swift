import Glibc
import MQCore

/// Who made private queues, written down where the next run finds it: a file that names them, locked for as long as this process lives.
///
/// The kernel gives the lock up with the process, however that ends: whoever gets it knows that the owner is dead.
final class QueueOwner {
    /// Names this process among all of this host's: host, boot, process and the time at which it started.
    let name: String
    private let path: String?
    private let descriptor: CInt

    private static let prefix = "mq-with"

    /// Without a folder for it, queues that a killed run leaves behind are not found.
    init() {
        name = [
            Self.prefix, Self.host, Self.boot, "\(getpid())", Self.startTime, String(UInt32.random(in: .min ... .max), radix: 36),
        ].joined(separator: "-")
        guard let folder = Self.folder else {
            (path, descriptor) = (nil, -1)
            return
        }
        let path = "\(folder)/\(name)"
        let made = open(path, O_CREAT | O_EXCL | O_RDWR | O_APPEND | O_CLOEXEC, 0o600)
        if made >= 0 && flock(made, LOCK_EX | LOCK_NB) == 0 {
            (self.path, descriptor) = (path, made)
        } else {
            if made >= 0 { close(made) }
            (self.path, descriptor) = (nil, -1)
        }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Writes down what is about to be made.
    func note(_ address: String) {
        let line = Array("\(address)\n".utf8)
        _ = line.withUnsafeBytes { SystemCall.writeAll($0, to: descriptor) }
    }

    /// Everything is removed.
    func forget() { if let path { unlink(path) } }

    /// Removes what dead runs of this user left behind on this host since it was started.
    /// - Parameter remove: says whether there is nothing at the address any more.
    static func cleanUp(_ remove: (String) -> Bool) {
        guard let folder, let stream = opendir(folder) else { return }
        defer { closedir(stream) }
        let mine = "\(prefix)-\(host)-\(boot)-"
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { place in
                place.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard name.hasPrefix(mine) else { continue }
            let path = "\(folder)/\(name)"
            let file = PipeEnd(owning: open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW))
            // Its owner lives.
            guard file.descriptor >= 0, flock(file.descriptor, LOCK_EX | LOCK_NB) == 0 else { continue }
            guard let text = try? LocalFile.contents(of: path, limit: 1 << 20) else { continue }
            let addresses = String(decoding: text, as: UTF8.self).split(separator: "\n").map(String.init)
            if addresses.filter({ !remove($0) }).isEmpty { unlink(path) }
        }
    }

    /// Of this user alone.
    private static var folder: String? {
        let path = "/tmp/\(prefix)-\(geteuid())"
        mkdir(path, 0o700)
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid(), status.st_mode & 0o077 == 0 else {
            return nil
        }
        return path
    }

    /// Letters and digits, so that it can be part of any queue's name.
    private static var host: String {
        let plain = (HostName.current ?? "").utf8.filter { (0x30...0x39).contains($0) || (0x61...0x7a).contains($0 | 0x20) }
        return plain.isEmpty ? "host" : String(decoding: plain.prefix(12), as: UTF8.self)
    }

    private static var boot: String {
        let bytes = (try? LocalFile.contents(of: "/proc/sys/kernel/random/boot_id", limit: 64)) ?? []
        return bytes.count < 8 ? "boot" : String(decoding: bytes.prefix(8), as: UTF8.self)
    }

    /// Field 22 of /proc/self/stat, in clock ticks since the boot (proc(5)); the name of the program may hold anything.
    private static var startTime: String {
        let text = (try? LocalFile.contents(of: "/proc/self/stat", limit: 4096)).map { String(decoding: $0, as: UTF8.self) } ?? ""
        guard let parenthesis = text.lastIndex(of: ")") else { return "0" }
        let fields = text[parenthesis...].split(separator: " ")
        return fields.count > 20 ? String(Int(fields[20]) ?? 0, radix: 36) : "0"
    }
}

internal import CPOSIXMQ
internal import Glibc
internal import MQCore

/// The names of the queues there are: the kernel shows them only as a file system.
enum QueueFolder {
    private static let mountPoint = "/dev/mqueue"

    /// Without the leading slash, sorted.
    /// - Throws: `permission` when nothing is mounted and this user may not look otherwise.
    static func names() throws(TransportError) -> [String] {
        let descriptor: CInt
        if cposixmq_is_mqueue(mountPoint) != 0 {
            descriptor = open(mountPoint, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            if descriptor < 0 { throw LocalFile.failure(mountPoint, errno) }
        } else {
            descriptor = cposixmq_mount()
            if descriptor == -ENOSYS || descriptor == -ENODEV {
                throw TransportError(.unsupported, "the queues cannot be listed: this kernel has no mqueue file system")
            }
            if descriptor < 0 {
                throw TransportError(
                    .permission, "the queues cannot be listed: no mqueue file system is mounted at \(mountPoint)",
                    hint: "as root: mkdir -p \(mountPoint) && mount -t mqueue none \(mountPoint)", errno: -descriptor)
            }
        }
        return entries(of: descriptor).sorted()
    }

    /// Mode, owner and group of a queue, without opening it; `nil` where no folder shows it.
    static func permissions(of name: String) -> (mode: Int, owner: uid_t, group: gid_t)? {
        var status = stat()
        guard cposixmq_is_mqueue(mountPoint) != 0, stat(mountPoint + name, &status) == 0 else { return nil }
        return (Int(status.st_mode & 0o7777), status.st_uid, status.st_gid)
    }

    private static func entries(of descriptor: CInt) -> [String] {
        guard let folder = fdopendir(descriptor) else {
            close(descriptor)
            return []
        }
        defer { closedir(folder) }
        var result: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(rawCString: $0) }
            }
            if name != "." && name != ".." { result.append(name) }
        }
        return result
    }
}

/// Makes a new queue exclusively; with `mode` it gets exactly these permissions, whatever the umask.
/// Returns 0 or a negative error number.
func makeQueue(_ name: String, depth: Int, size: Int, mode: Int?) -> CInt {
    let result = cposixmq_create(name.rawCString, O_RDWR | O_EXCL | O_CLOEXEC, mode_t(mode ?? 0o600), depth, size)
    if result < 0 { return result }
    if let mode { fchmod(result, mode_t(mode)) }
    return cposixmq_close(result)
}

import Glibc
import MQCore

/// The key that ftok(3) makes of a file: 8 bits of the project, 8 of the device, 16 of the inode.
struct SysVFileKey {
    let device: UInt64
    let inode: UInt64
    let key: Int32

    init(path: String, project: Int) throws(TransportError) {
        var status = Glibc.stat()
        guard stat(path.rawCString, &status) == 0 else {
            let code = errno
            throw TransportError(
                code == EACCES ? .permission : .noSuchQueue, "\(path) has no key: \(SystemError.words(code))",
                hint: "ftok derives the key from an existing file", errno: code)
        }
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        let bits = UInt32(project & 0xff) << 24 | UInt32(device & 0xff) << 16 | UInt32(inode & 0xffff)
        key = Int32(bitPattern: bits)
    }
}

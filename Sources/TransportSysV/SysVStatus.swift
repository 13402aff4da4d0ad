import CSysV
import Glibc
import MQCore

/// What the kernel tells of one queue.
struct SysVStatus: Sendable {
    var key: Int32
    var id: CInt
    var mode: Int
    var uid, gid, creatorUid, creatorGid: Int
    var messages, bytes: Int
    /// `nil` where the queue may not be read: /proc/sysvipc/msg does not show it.
    var knownQueueBytes: Int?
    var lastSender, lastReceiver: Int
    /// Seconds since 1970; 0 is never.
    var sent, received, changed: Int

    var queueBytes: Int { knownQueueBytes ?? Int.max }

    init(_ raw: csysv_status, id: CInt) {
        key = raw.key
        self.id = id
        mode = Int(raw.mode)
        (uid, gid) = (Int(raw.uid), Int(raw.gid))
        (creatorUid, creatorGid) = (Int(raw.creator_uid), Int(raw.creator_gid))
        (messages, bytes) = (Int(raw.messages), Int(raw.bytes))
        knownQueueBytes = Int(clamping: raw.qbytes)
        (lastSender, lastReceiver) = (Int(raw.last_sender), Int(raw.last_receiver))
        (sent, received, changed) = (Int(raw.sent), Int(raw.received), Int(raw.changed))
    }

    /// A line of /proc/sysvipc/msg, which everybody may read: key (signed decimal), msqid, perms (octal), cbytes, qnum,
    /// lspid, lrpid, uid, gid, cuid, cgid, stime, rtime, ctime. `nil` for the heading.
    init?(line: Substring) {
        // Of bytes: there may be tens of thousands of lines, and characters would have to be looked for.
        let words = line.utf8.split(separator: UInt8(ascii: " ")).map { Substring($0) }
        guard words.count >= 14, let key = Int32(words[0]), let id = CInt(words[1]), let mode = Int(words[2], radix: 8) else {
            return nil
        }
        let numbers = words[3..<14].compactMap { Int($0) }
        guard numbers.count == 11 else { return nil }
        self.key = key
        self.id = id
        self.mode = mode & 0o777
        (bytes, messages, lastSender, lastReceiver) = (numbers[0], numbers[1], numbers[2], numbers[3])
        (uid, gid, creatorUid, creatorGid) = (numbers[4], numbers[5], numbers[6], numbers[7])
        (sent, received, changed) = (numbers[8], numbers[9], numbers[10])
    }

    /// Every queue of this IPC namespace.
    /// - Throws: `unsupported` where there is no such table.
    static func table() throws(TransportError) -> [SysVStatus] {
        guard let text = (try? LocalFile.contents(of: "/proc/sysvipc/msg")).map({ String(decoding: $0, as: UTF8.self) }) else {
            throw TransportError(
                .unsupported, "/proc/sysvipc/msg cannot be read", hint: "is /proc mounted, and has this kernel System V queues?")
        }
        return text.utf8.split(separator: UInt8(ascii: "\n")).compactMap { SysVStatus(line: Substring($0)) }
    }

    /// The address by which it is reached: by key, or by identifier where it is private.
    var address: String { key == 0 ? "sysv:id=\(id)" : "sysv:\(SysVName.hex(key))" }

    static func octal(_ mode: Int) -> String { String(mode, radix: 8).zeroPadded(to: 4) }

    var facts: [Fact] {
        func time(_ seconds: Int) -> Fact.Value { .time(Int64(seconds) * 1_000_000_000) }
        return [
            Fact("key", "Key", .text(SysVName.hex(key))),
            Fact("key_decimal", "Key in decimal", .identifier(Int(key))),
            Fact("id", "Id", .identifier(Int(id))),
            Fact("messages", "Messages", .number(messages)),
            Fact("bytes", "Bytes", .bytes(bytes)),
            Fact("qbytes", "Holds", knownQueueBytes.map { .bytes($0) } ?? .text("unknown: no permission to read")),
            Fact("mode", "Mode", .mode(mode)),
            Fact("owner", "Owner", .text(Names.user(uid))),
            Fact("group", "Group", .text(Names.group(gid))),
            Fact("creator", "Made by", .text(Names.user(creatorUid))),
            Fact("creator_group", "Made by group", .text(Names.group(creatorGid))),
            Fact("last_send_pid", "Last sender", .identifier(lastSender)),
            Fact("last_send", "Last sent", time(sent)),
            Fact("last_receive_pid", "Last receiver", .identifier(lastReceiver)),
            Fact("last_receive", "Last received", time(received)),
            Fact("changed", "Made or changed", time(changed)),
        ]
    }
}

public import MQCore

extension SysVTransport {
    public static let descriptor = Descriptor(
        name: "sysv", schemes: ["sysv"], summary: "System V message queues of this kernel",
        forms: ["sysv:KEY", "sysv:PATH[,proj=N]", "sysv:id=N", "sysv:temp"],
        capabilities: [.send, .receive, .peek, .admin, .type, .temporary, .exactCount, .kernel, .ordered],
        options: [
            OptionSpec(
                "proj", .text("N"), standard: "1", help: "project of ftok(3) for a PATH: 1 to 255, or a letter as C programs write it"),
            OptionSpec("type", .integer(1...Int.max), scope: .receive, help: "only messages of this type"),
            OptionSpec(
                "max-type", .integer(1...Int.max), scope: .receive,
                help: "only messages up to this type, the lowest type first: types as priorities"),
            OptionSpec("not-type", .integer(1...Int.max), scope: .receive, help: "only messages of other types"),
            OptionSpec(
                "truncate", .bytes(1...(1 << 30)), scope: .receive, help: "cut longer messages to this length; the rest is lost"),
            OptionSpec("create", .flag, help: "send and recv make the queue if it does not exist"),
            OptionSpec(
                "qbytes", .bytes(0...(1 << 31)), standard: "kernel.msgmnb", scope: .create,
                help: "bytes the queue holds; above kernel.msgmnb only with CAP_SYS_RESOURCE"),
            OptionSpec("mode", .mode, standard: "0600", scope: .create, help: "permissions, exactly: the umask does not apply"),
            OptionSpec("owner", .text("USER"), scope: .create, help: "owner of the queue, by name or number"),
            OptionSpec("group", .text("GROUP"), scope: .create, help: "group of the queue, by name or number"),
            OptionSpec("set", .flag, scope: .create, help: "mq create changes an existing queue to what was asked"),
        ],
        guarantee: .kernel,
        notes: notes,
        examples: [
            ("sysv:0x4d51", "the queue of this key"),
            ("sysv:0x4d51,max-type=9", "types 1 to 9, the lowest first"),
            ("sysv:/etc/app.conf,proj=A", "the key that ftok(\"/etc/app.conf\", 'A') gives"),
            ("sysv:id=32769", "the queue of this identifier, as ipcs shows it"),
            ("sysv:0x4d51,qbytes=64k,mode=0660", "for mq create: size and permissions"),
        ])

    private static let notes = [
        "Messages stay in the kernel until they are received: a queue survives the programs that made and used it, until "
            + "mq delete, ipcrm or a restart. Key 0 is IPC_PRIVATE and opens nothing. A receiver that is killed loses what it has "
            + "taken and not written, at most the prefetch of recv.",
        "Every message has a type of 1 or more ('type' in JSON lines). type=N, max-type=N and not-type=N select, and "
            + "exclude each other. With max-type the lowest type comes first, so that types are priorities.",
        "A queue is full when the bytes of its messages, or their number, would exceed qbytes. The default of 16384 bytes holds "
            + "two messages of 8 KiB and is slow for those; 64 KiB to 1 MiB is best (mq create sysv:KEY,qbytes=64k, above "
            + "kernel.msgmnb as root).",
        "ftok(3) keeps 16 bits of the file's inode, 8 of its device and 8 of the project: different files often share a key, and "
            + "a file written anew has another one. Explicit keys are better; mq explain shows the key of a path.",
        "Peeking needs a kernel with CONFIG_CHECKPOINT_RESTORE, as distributions build it. While others receive, "
            + "a message may be shown twice or not at all. The kernel counts to each message from the front, so that twice as many take "
            + "four times as long: 16,384 take about a second.",
        "Queue vanished when you logged out? systemd-logind removes the IPC objects of ordinary users at their last logout "
            + "(RemoveIPC=yes in logind.conf); system users are exempt.",
        "In a container, queues and kernel.msg* belong to the IPC namespace: containers of a Pod share them.",
    ]
}

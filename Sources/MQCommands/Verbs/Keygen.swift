import Glibc
import MQCore
import TransportZMQ

struct Keygen: Verb {
    static let table = VerbTable(
        "keygen", .queues, .reads, "Make a pair of keys for encrypted ZeroMQ (CURVE).",
        description: [
            .text(
                "Writes the public key to NAME and the secret key to NAME_secret, each readable only by you, and prints the public key. A file that is there already is kept, and the command fails, unless --force is given."
            ),
            .text("The options of a zmq address take these files:"),
            .terms([
                ("curve-server,secret-key=NAME_secret", "the end that decides whom to accept"),
                ("server-key=NAME", "the other end; NAME is the server's public key"),
                ("secret-key=NAME_secret", "that end's own key, where the server accepts only keys that it knows"),
                ("allow-keys=FILE", "for the server: a file with public keys, one per line, or a folder of czmq certificates"),
            ]),
            .text("Keys go from file to file; none is ever given on the command line, where everybody on the machine could read it."),
        ],
        operands: [Operand("NAME", .optional, .file, help: "The file for the public key; the secret key goes to NAME_secret.")],
        sections: [VerbTable.Section("Keys", [format, force])],
        examples: [
            VerbTable.Example(
                "Encrypt what goes to a receiver, which tells its senders its public key (the file server):", "mq keygen server",
                "mq recv zmq:@tcp://:5555,curve-server,secret-key=server_secret", "mq send zmq:tcp://host:5555,server-key=server"),
            VerbTable.Example("Certificates that programs with czmq or pyzmq read:", "mq keygen --format czmq certificates/worker"),
            VerbTable.Example("Variables for a program that takes its keys from the environment:", "eval \"$(mq keygen --format env)\""),
        ],
        statuses: [73, 77, 78])

    static let format = Flag(
        "format", nil, .choice(["z85", "czmq", "env"]), "FORMAT", standard: "z85",
        help:
            "One key per file in Z85 (z85), certificates (czmq), or, on standard output and without NAME, shell commands that set CURVE_PUBLIC_KEY and CURVE_SECRET_KEY (env)."
    )
    static let force = Flag("force", help: "Replace files that are there.")

    let words: Arguments
    init(_ words: Arguments) { self.words = words }

    func perform(_ console: Console) throws(TransportError) -> Ending {
        let (name, format) = (words.word("NAME"), words.text(Self.format) ?? "z85")
        guard format != "env" else {
            if name != nil { throw TransportError(.usage, "--format env writes no files: leave NAME out") }
            if words.has(Self.force) { throw TransportError(.usage, "--format env writes no files for --force to replace") }
            let pair = try Registry.makeKeyPair()
            // No character of Z85 ends a word in single quotes.
            try Results.print("export CURVE_PUBLIC_KEY='\(pair.publicKey)'\nexport CURVE_SECRET_KEY='\(pair.secretKey)'\n")
            return .success
        }
        guard let name else { throw TransportError(.usage, "NAME is missing", hint: "--format env prints the keys instead") }
        if name.hasSuffix("/") { throw TransportError(.usage, "'\(name)' is a folder", hint: "NAME is a file in it: \(name)worker") }
        if name.hasSuffix("_secret") {
            throw TransportError(.usage, "'\(name)' would hold a public key", hint: "the secret key's file gets the _secret by itself")
        }
        let pair = try Registry.makeKeyPair()
        let isBare = format == "z85"
        let secret = try draft(isBare ? pair.secretKey + "\n" : pair.secretCertificate, name + "_secret")
        let open = try draft(isBare ? pair.publicKey + "\n" : pair.publicCertificate, name)
        let replaces = words.has(Self.force)
        try secret.put(replaces: replaces)
        do throws(TransportError) {
            try open.put(replaces: replaces)
        } catch {
            // Half a pair is of no use. One that has replaced another stays: its key is nowhere else.
            if !replaces { unlink((name + "_secret").rawCString) }
            throw error
        }
        try Results.print(pair.publicKey + "\n")
        return .success
    }

    /// Readable by nobody else from the moment it is made.
    private func draft(_ text: String, _ path: String) throws(TransportError) -> FileDraft {
        try FileDraft(Array(text.utf8), for: path, permissions: 0o600, failingAs: .cannotCreate)
    }
}

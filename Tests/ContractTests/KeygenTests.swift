import Foundation
import MQTesting
import Testing

/// A Python with pyzmq.
private let python = getenv("MQ_TEST_PYTHON").map { String(cString: $0) }

extension ProgramContract {
    @Suite("keygen", .timeLimit(.minutes(1)))
    struct KeygenTests {
        private let fixture = Fixture()

        private func mode(_ path: String) throws -> Int {
            try #require(FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
        }

        private func text(_ path: String) throws -> String { String(decoding: try contents(path), as: UTF8.self) }

        @Test("Messages pass with the keys made, to the server that knows them and to no other", arguments: ["z85", "czmq"])
        func encrypted(format: String) throws {
            let result = try sh(
                """
                cd "$D"; mkdir friends
                mq keygen server --format \(format) > printed && mq keygen friends/ann --format \(format) > /dev/null \
                    && mq keygen stranger --format \(format) > /dev/null || exit 11
                mq recv zmq:@ipc://feed,curve-server,secret-key=server_secret,allow-keys=friends -n 1 --timeout 20s & reader=$!
                mq send zmq:ipc://feed,server-key=server,secret-key=stranger_secret --timeout 300ms stranger 2> refused
                echo "stranger: $?"
                mq send zmq:ipc://feed,server-key=server,secret-key=friends/ann_secret --timeout 20s friend || exit 12
                wait $reader
                """)
            #expect(result.status == 0, "\(result.errorText)")
            #expect(result.lines == ["stranger: 77", "friend"], "\(result.errorText)")
        }

        @Test("Both files are their owner's alone from the start, whatever the umask, and the public key is printed")
        func modes() throws {
            let folder = try fixture.directory()
            let result = try sh("umask 0; cd $D; mq keygen key", in: folder)
            expectSuccess(result)
            #expect(try mode("\(folder)/key") == 0o600 && mode("\(folder)/key_secret") == 0o600)
            #expect(try text("\(folder)/key") == result.text && result.text.utf8.count == 41)
            #expect(try text("\(folder)/key_secret") != result.text)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["key", "key_secret"])
        }

        @Test("No file is replaced unless asked, and none is left of a pair that could not be made", arguments: ["key", "key_secret"])
        func existing(taken: String) throws {
            let folder = try fixture.directory()
            try write(utf8("mine"), "\(folder)/\(taken)")
            expectSentence(try mq().run("keygen", "\(folder)/key"), 73, "\(taken) is there already", "--force")
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [taken])
            #expect(try text("\(folder)/\(taken)") == "mine")
            expectSuccess(try mq().run("keygen", "\(folder)/key", "--force"))
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["key", "key_secret"])
            #expect(try text("\(folder)/\(taken)").utf8.count == 41)
            #expect(try mode("\(folder)/\(taken)") == 0o600)
        }

        @Test("A link in the place of a file is not followed")
        func link() throws {
            let result = try sh("cd $D; ln -s elsewhere key_secret; mq keygen key; echo $?; ls; mq keygen key --force > /dev/null; ls")
            #expect(result.lines == ["73", "key_secret", "key", "key_secret"], "\(result.errorText)")
        }

        @Test("The form for the environment is what a shell takes, a key that is whole each time")
        func environment() throws {
            let result = try sh(
                #"for i in {1..20}; do eval "$(mq keygen --format env)"; echo "${#CURVE_PUBLIC_KEY} ${#CURVE_SECRET_KEY}"; done; ls "$D""#)
            #expect(result.lines == Array(repeating: "40 40", count: 20), "\(result.errorText)")
        }

        @Test("Wrong uses are one sentence each")
        func mistakes() throws {
            expectSentence(try mq().run("keygen"), 64, "NAME is missing", "--format env")
            expectSentence(try mq().run("keygen", "key", "--format", "env"), 64, "leave NAME out")
            expectSentence(try mq().run("keygen", "--format", "env", "--force"), 64, "--force")
            expectSentence(try mq().run("keygen", "key_secret"), 64, "public key")
            expectSentence(try mq().run("keygen", "keys/"), 64, "'keys/' is a folder")
            expectSentence(try mq().run("keygen", "/nonexistent/key"), 73, "/nonexistent/key_secret: no such file or directory")
        }

        @Test(
            "pyzmq reads the certificates and speaks with mq by them",
            .enabled(if: python != nil, "MQ_TEST_PYTHON names no Python with pyzmq"))
        func certificates() throws {
            let result = try sh(
                """
                cd "$D"; mq keygen server --format czmq > printed; mq keygen client --format czmq > /dev/null
                mq recv zmq:@ipc://feed,curve-server,secret-key=server_secret,allow-keys=client -n 1 --timeout 20s & reader=$!
                "$P" - <<'END' || exit 11
                import zmq, zmq.auth
                server, none = zmq.auth.load_certificate('server')
                assert none is None and server.decode() == open('printed').read().strip()
                assert zmq.auth.load_certificate('server_secret')[0] == server
                socket = zmq.Context().socket(zmq.PUSH)
                socket.curve_publickey, socket.curve_secretkey = zmq.auth.load_certificate('client_secret')
                socket.curve_serverkey = server
                socket.connect('ipc://feed')
                socket.send(b'from pyzmq')
                socket.close(linger=15000)
                socket.context.term()
                END
                wait $reader
                """, ["P": python ?? ""])
            #expect(result.status == 0 && result.lines == ["from pyzmq"], "\(result.text) \(result.errorText)")
        }
    }
}

import Glibc

/// Certificates made for the tests of one process, in a folder that ends with it. Nobody changes them.
public final class Certificates: Sendable {
    /// Where the files are.
    public let folder: String
    private let fixture = Fixture()

    /// The program that makes them.
    public static let openssl: String? = ["/usr/bin/openssl", "/usr/local/bin/openssl", "/bin/openssl"].first { access($0, X_OK) == 0 }

    /// `ca`, and signed by it: `server` (localhost, 127.0.0.1), `client`, `other` (elsewhere.example), `expired`. `stranger` is its own issuer.
    /// - Throws: `ConformanceFailure` when openssl fails.
    private init() throws {
        folder = try fixture.directory()
        let script = """
            set -e
            key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"; }
            issue() { # name, subject alternative names, days
                key "$1"
                openssl req -new -key "$1.key" -subj "/CN=$1" -out "$1.csr"
                printf 'subjectAltName=%s\\n' "$2" >"$1.ext"
                openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days "$3" -extfile "$1.ext" -out "$1.pem"
            }
            key ca
            openssl req -x509 -new -key ca.key -subj /CN=test-ca -days 2 -out ca.pem
            key stranger
            openssl req -x509 -new -key stranger.key -subj /CN=stranger -days 2 -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -out stranger.pem
            issue server DNS:localhost,IP:127.0.0.1 2
            issue client DNS:client 2
            issue other DNS:elsewhere.example 2
            issue expired DNS:localhost,IP:127.0.0.1 0
            cat client.pem client.key >both.pem
            """
        let result = try Executable("/bin/sh").run(["-c", script], directory: folder)
        guard result.status == 0 else { throw ConformanceFailure("openssl: \(result.errorText)") }
    }

    private static let made = Result { () throws in
        let made = try Certificates()
        atexit { (try? Certificates.shared())?.fixture.cleanUp() }
        return made
    }

    /// Those of this process, made when first asked for: it takes openssl twenty runs.
    /// - Throws: `ConformanceFailure` when openssl fails.
    public static func shared() throws -> Certificates { try made.get() }

    /// The file of that name: `server.pem`, `server.key`.
    public func path(_ name: String) -> String { "\(folder)/\(name)" }
}

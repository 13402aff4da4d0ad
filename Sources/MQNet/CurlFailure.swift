internal import CCurl
internal import Glibc
internal import MQCore

/// Words and codes for a transfer that ended without a reply.
struct CurlFailure {
    let transfer: CurlTransfer
    let url: String
    let code: CURLcode

    /// Host and port as they stand in the URL.
    private var host: String {
        let authority = url.split(separator: "/", maxSplits: 2).dropFirst().first?.prefix { $0 != "?" && $0 != "#" }
        return authority?.split(separator: "@").last.map(String.init) ?? url
    }

    private var isPlain: Bool { url.hasPrefix("http://") }

    /// The variable that names a proxy for this transfer, if one does. libcurl tells only what it connected to last.
    private var proxy: String? {
        guard transfer.usesProxy else { return nil }
        // HTTP_PROXY in capitals is what a CGI program gets from its client, and libcurl does not read it.
        let names = isPlain ? ["http_proxy"] : ["https_proxy", "HTTPS_PROXY"]
        let found = (names + ["all_proxy", "ALL_PROXY"]).first { getenv($0).map { $0.pointee != 0 } ?? false }
        let exceptions = [getenv("no_proxy"), getenv("NO_PROXY")].compactMap { $0.map { String(cString: $0) } }
        let name = String(host.prefix { $0 != ":" })
        let isExcepted = exceptions.contains { $0.split(separator: ",").contains { $0 == "*" || name.hasSuffix($0.drop { $0 == " " }) } }
        return isExcepted ? nil : found
    }

    /// Whom we tried to reach: with a proxy, that is who did not answer.
    private var place: String { proxy.map { "\(host), through the proxy in \($0)" } ?? host }

    private var words: String { transfer.words ?? transfer.library.words(code) }

    var failure: HTTPFailure {
        if transfer.isTooLarge {
            return HTTPFailure(.other, TransportError(.protocolViolation, "\(host): the reply is too large"))
        }
        switch code {
        case CURLE_COULDNT_RESOLVE_PROXY:
            return HTTPFailure(
                .unresolved,
                TransportError(
                    .unreachable, "the name of the proxy\(proxy.map { " in \($0)" } ?? "") cannot be resolved", isRetriable: true))
        case CURLE_COULDNT_RESOLVE_HOST:
            return unreachable(.unresolved, "the name cannot be resolved", hint: "is it spelled right, and is there a network?")
        case CURLE_COULDNT_CONNECT: return refused
        case CURLE_OPERATION_TIMEDOUT: return timedOut
        case CURLE_GOT_NOTHING where isPlain, CURLE_RECV_ERROR where isPlain:
            return unreachable(
                .broken, "the connection was closed before the reply was complete",
                hint: "if the server speaks TLS on this port, the URL begins with https://")
        case CURLE_GOT_NOTHING, CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_PARTIAL_FILE:
            return unreachable(.broken, "the connection was closed before the reply was complete")
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_ISSUER_ERROR:
            let error = TransportError(
                .permission, "\(host): the server's certificate is not accepted: \(words)", hint: "a file of certificates to trust helps")
            return HTTPFailure(.tls, error)
        case CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER:
            return HTTPFailure(.tls, TransportError(.configuration, "\(host): \(words)"))
        case CURLE_SSL_CONNECT_ERROR, CURLE_SSL_SHUTDOWN_FAILED:
            let error = TransportError(
                .protocolViolation, "\(host): no TLS connection: \(words)", hint: "does the server speak TLS on this port?")
            return HTTPFailure(.tls, error)
        case CURLE_URL_MALFORMAT: return HTTPFailure(.other, TransportError(.usage, "'\(url)' is not a URL"))
        case CURLE_UNSUPPORTED_PROTOCOL where isPlain, CURLE_WEIRD_SERVER_REPLY where isPlain:
            let error = TransportError(
                .protocolViolation, "\(host): the reply is not HTTP: \(words)", hint: "a server that speaks TLS needs https://")
            return HTTPFailure(.other, error)
        case CURLE_UNSUPPORTED_PROTOCOL, CURLE_WEIRD_SERVER_REPLY, CURLE_BAD_CONTENT_ENCODING, CURLE_WRITE_ERROR:
            return HTTPFailure(.other, TransportError(.protocolViolation, "\(host): the reply is not HTTP: \(words)"))
        case CURLE_OUT_OF_MEMORY: return HTTPFailure(.other, TransportError(.failure, "\(host): out of memory"))
        default: return HTTPFailure(.other, TransportError(.failure, "\(host): \(words)"))
        }
    }

    private func unreachable(_ kind: HTTPFailure.Kind, _ what: String, hint: String? = nil) -> HTTPFailure {
        HTTPFailure(kind, TransportError(.unreachable, "\(place): \(what)", hint: hint, isRetriable: true))
    }

    private var refused: HTTPFailure {
        let number = transfer.systemError
        let what = number == 0 ? words : SystemError.words(number)
        let hint = number == ECONNREFUSED ? "is the \(proxy == nil ? "server" : "proxy") running?" : nil
        return HTTPFailure(
            .refused, TransportError(.unreachable, "\(place): \(what)", hint: hint, errno: number == 0 ? nil : number, isRetriable: true))
    }

    private var timedOut: HTTPFailure {
        if !transfer.hasConnected {
            let limit = min(transfer.connectTimeout, transfer.timeout)
            return unreachable(.timedOut, "no connection within \(Quantity.words(limit))")
        }
        let error = TransportError(.tryAgain, "\(host): no reply within \(Quantity.words(transfer.timeout))", isRetriable: true)
        return HTTPFailure(.timedOut, error)
    }
}

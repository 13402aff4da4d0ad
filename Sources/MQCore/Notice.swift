/// Something a transport wants a person to know while it works.
public enum Notice: Sendable, Equatable {
    /// A socket is bound or a service listens; the endpoint as others would write it.
    case listening(String)
    /// Worth a line on standard error unless `-q`.
    case warning(String)
    /// Worth a line on standard error unless `-q`, though nothing is wrong.
    case note(String)
    /// Worth a line with `-v`.
    case detail(String)
    /// What happened to a connection; worth a line with `-v`, or always where it says so.
    case connection(ConnectionEvent)
}

/// Something a transport wants a person to know while it works.
public enum Notice: Sendable, Equatable {
    /// A socket is bound or a service listens; the endpoint as others would write it.
    case listening(String)
    /// Worth a line on standard error unless `-q`.
    case warning(String)
    /// A connection that broke stands again; worth a line with `-v`, and counted.
    case restored(String)
    /// Worth a line with `-v`.
    case detail(String)
}

/// Where notices go. Callable from any thread.
public struct Notices: Sendable {
    private let handler: @Sendable (Notice) -> Void
    public init(_ handler: @escaping @Sendable (Notice) -> Void) { self.handler = handler }
    /// Nobody listens.
    public static let none = Notices { _ in }

    public func callAsFunction(_ notice: Notice) { handler(notice) }
    public func warn(_ text: String) { handler(.warning(text)) }
    public func detail(_ text: String) { handler(.detail(text)) }
}

package dtc.testing;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Forwards connections to a port on loopback. Connections can be cut, become half open, or lose what the server sends.
 */
public final class TcpProxy implements AutoCloseable {

    private static final int BUFFER = 1 << 16;

    private final ServerSocket server;
    private final Set<Connection> connections = ConcurrentHashMap.newKeySet();
    private volatile int target;
    private volatile Lost lost = Lost.NOTHING;
    private volatile boolean closed;

    /** What does not arrive, on present and on new connections. */
    private enum Lost {
        NOTHING,
        ANSWERS,
        ALL
    }

    public TcpProxy(int target) {
        this.target = target;
        try {
            this.server = new ServerSocket(0, 50, InetAddress.ofLiteral("127.0.0.1"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Thread.ofVirtual().start(this::accept);
    }

    public int port() {
        return server.getLocalPort();
    }

    private void accept() {
        while (!closed) {
            try {
                Socket client = server.accept();
                Socket upstream = new Socket(InetAddress.ofLiteral("127.0.0.1"), target);
                Connection connection = new Connection(client, upstream);
                connections.add(connection);
                Thread.ofVirtual().start(() -> connection.forward(client, upstream, false));
                Thread.ofVirtual().start(() -> connection.forward(upstream, client, true));
            } catch (IOException _) {
                // The target does not listen, or this is closed: the client notices.
            }
        }
    }

    private final class Connection {
        private final Socket client;
        private final Socket upstream;
        private volatile boolean frozen;

        private Connection(Socket client, Socket upstream) {
            this.client = client;
            this.upstream = upstream;
        }

        private void forward(Socket from, Socket to, boolean answers) {
            byte[] buffer = new byte[BUFFER];
            try {
                InputStream in = from.getInputStream();
                OutputStream out = to.getOutputStream();
                for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                    if (!frozen && lost != Lost.ALL && !(answers && lost == Lost.ANSWERS)) {
                        out.write(buffer, 0, read);
                    }
                }
            } catch (IOException _) {
                // Either side has closed it.
            }
            if (!frozen) {
                close();
            }
        }

        private void close() {
            for (Socket socket : new Socket[] {client, upstream}) {
                try {
                    socket.close();
                } catch (IOException _) {
                    // It is closed.
                }
            }
            connections.remove(this);
        }
    }

    /** Closes all connections. New ones are accepted. */
    public void cut() {
        connections.forEach(Connection::close);
    }

    /** Nothing arrives any more on the present connections, in either direction. New ones are accepted. */
    public void freeze() {
        connections.forEach(connection -> connection.frozen = true);
    }

    /** From now on, requests arrive and their answers do not. */
    public void loseAnswers() {
        lost = Lost.ANSWERS;
    }

    /** From now on, neither requests nor answers arrive. */
    public void loseAll() {
        lost = Lost.ALL;
    }

    /** Closes all connections. Requests and answers on new ones arrive. */
    public void restore() {
        cut();
        lost = Lost.NOTHING;
    }

    /** Closes all connections. New ones lead to another port. */
    public void redirect(int other) {
        target = other;
        cut();
    }

    @Override
    public void close() {
        closed = true;
        try {
            server.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        cut();
    }
}

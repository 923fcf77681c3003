package dtc.testing;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Forwards connections to a port on loopback. Connections can be cut, become half open, lose what the server sends, or
 * be held at a message.
 */
public final class TcpProxy implements AutoCloseable {

    private static final int BUFFER = 1 << 16;

    private final ServerSocket server;
    private final Set<Connection> connections = ConcurrentHashMap.newKeySet();
    private volatile int target;
    private volatile Lost lost = Lost.NOTHING;
    private volatile @Nullable Gate gate;
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

    /** Holds one connection at a message, or at the answer to it. */
    public static final class Gate {
        private final String text;
        private final boolean answer;
        private final AtomicInteger messages;
        private final CompletableFuture<@Nullable Void> reached = new CompletableFuture<>();
        private final CompletableFuture<@Nullable Void> released = new CompletableFuture<>();

        private Gate(String text, int number, boolean answer) {
            this.text = text;
            this.answer = answer;
            this.messages = new AtomicInteger(number);
        }

        /** Completes once the message or the answer has been sent. */
        public CompletableFuture<@Nullable Void> reached() {
            return reached;
        }

        /** What is held arrives, and what follows. */
        public void release() {
            released.complete(null);
        }

        private boolean isAt(String message) {
            return message.contains(text) && messages.decrementAndGet() == 0;
        }

        private void hold() {
            reached.complete(null);
            released.join();
        }
    }

    private final class Connection {
        private final Socket client;
        private final Socket upstream;
        private volatile boolean frozen;
        private volatile @Nullable Gate answerGate;

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
                    passGate(answers, buffer, read);
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

        private void passGate(boolean answers, byte[] buffer, int length) {
            Gate current = answers ? answerGate : gate;
            if (current == null) {
                return;
            }
            if (answers) {
                current.hold();
            } else if (current.isAt(new String(buffer, 0, length, StandardCharsets.ISO_8859_1))) {
                if (current.answer) {
                    answerGate = current;
                } else {
                    current.hold();
                }
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

    /** Holds the message to the target that is the given one, counted from 1, of those that contain a text. */
    public Gate holdMessage(String text, int number) {
        return set(new Gate(text, number, false));
    }

    /** Holds the answer to such a message. */
    public Gate holdAnswer(String text, int number) {
        return set(new Gate(text, number, true));
    }

    private Gate set(Gate next) {
        gate = next;
        return next;
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
        Gate last = gate;
        if (last != null) {
            last.release();
        }
        try {
            server.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        cut();
    }
}

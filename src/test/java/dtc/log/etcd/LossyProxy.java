package dtc.log.etcd;

import io.vertx.core.net.SocketAddress;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Forwards connections, and loses what the server sends when the test says so. */
final class LossyProxy implements AutoCloseable {

    private final ServerSocket listener = new ServerSocket(0, 50, InetAddress.ofLiteral("127.0.0.1"));
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private volatile int target;
    private volatile boolean losing;
    private volatile boolean cut;

    LossyProxy(SocketAddress target) throws IOException {
        this.target = target.port();
        Thread.ofVirtual().start(this::accept);
    }

    SocketAddress address() {
        return SocketAddress.inetSocketAddress(listener.getLocalPort(), "127.0.0.1");
    }

    /** From now on, requests arrive and their answers do not. */
    void loseAnswers() {
        losing = true;
    }

    /** From now on, neither requests nor answers arrive. */
    void cut() {
        cut = true;
    }

    /** From now on, requests and answers on new connections arrive. */
    void restore() throws IOException {
        closeConnections();
        losing = false;
        cut = false;
    }

    /** From now on, connections lead to another server. */
    void redirect(SocketAddress other) throws IOException {
        target = other.port();
        closeConnections();
    }

    private void closeConnections() throws IOException {
        for (Socket socket : open) {
            socket.close();
        }
        open.clear();
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket client = listener.accept();
                Socket server = new Socket(InetAddress.ofLiteral("127.0.0.1"), target);
                open.add(client);
                open.add(server);
                Thread.ofVirtual().start(() -> copy(client, server, false));
                Thread.ofVirtual().start(() -> copy(server, client, true));
            } catch (IOException _) {
                // The proxy is closed, or the server does not listen.
            }
        }
    }

    private void copy(Socket from, Socket to, boolean answers) {
        byte[] buffer = new byte[1 << 16];
        try (from;
                to) {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
                if (!cut && !(answers && losing)) {
                    out.write(buffer, 0, count);
                }
            }
        } catch (IOException _) {
            // One side has closed the connection: the other one is closed too.
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
        closeConnections();
    }
}

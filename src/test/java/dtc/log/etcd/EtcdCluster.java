package dtc.log.etcd;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dtc.packaged.Processes;
import dtc.testing.RequiredTool;
import dtc.testing.Waiting;
import io.vertx.core.net.SocketAddress;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Processes of etcd on loopback, with their data in a directory. */
final class EtcdCluster implements AutoCloseable {

    private static final Duration POLL = Duration.ofMillis(50);

    private final Path directory;
    private final Processes ports = new Processes("etcd");
    private final List<Member> members = new ArrayList<>();
    private final List<String> options = new ArrayList<>();
    private final HttpClient http =
            HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(2)).build();

    /** A process, which may be started again with the same data. */
    final class Member {
        private final String name;
        private final int clientPort = ports.freePort();
        private final int peerPort = ports.freePort();
        private @Nullable Process process;

        private Member(String name) {
            this.name = name;
        }

        SocketAddress address() {
            return SocketAddress.inetSocketAddress(clientPort, "127.0.0.1");
        }

        Path data() {
            return directory.resolve(name);
        }

        void start() throws IOException {
            List<String> command = new ArrayList<>(List.of(
                    RequiredTool.ETCD.path("etcd").toString(),
                    "--name=" + name,
                    "--data-dir=" + data(),
                    "--listen-peer-urls=" + peerUrl(),
                    "--initial-advertise-peer-urls=" + peerUrl(),
                    "--initial-cluster="
                            + members.stream()
                                    .map(member -> member.name + "=" + member.peerUrl())
                                    .collect(Collectors.joining(",")),
                    "--heartbeat-interval=50",
                    "--election-timeout=500",
                    "--logger=zap",
                    "--log-level=warn"));
            command.add("--listen-client-urls=" + url());
            command.add("--advertise-client-urls=" + url());
            command.addAll(options);
            process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(
                            directory.resolve(name + ".log").toFile()))
                    .start();
        }

        private String peerUrl() {
            return "http://127.0.0.1:" + peerPort;
        }

        private String url() {
            boolean isSecure = options.stream().anyMatch(option -> option.startsWith("--cert-file="));
            return (isSecure ? "https" : "http") + "://127.0.0.1:" + clientPort;
        }

        private Process running() {
            if (process == null) {
                throw new IllegalStateException(name + " does not run");
            }
            return process;
        }

        void kill() {
            if (process != null) {
                process.destroyForcibly().onExit().join();
                process = null;
            }
        }

        /** Stops the process such that its data can be copied. */
        void stop() {
            running().destroy();
            running().onExit().join();
            process = null;
        }

        void pause() throws Exception {
            signal("STOP");
        }

        void resume() throws Exception {
            signal("CONT");
        }

        private void signal(String signal) throws Exception {
            assertEquals(
                    0,
                    new ProcessBuilder(
                                    "kill",
                                    "-" + signal,
                                    Long.toString(running().pid()))
                            .inheritIO()
                            .start()
                            .waitFor());
        }

        private boolean isHealthy() {
            return process != null && get("/health").contains("\"true\"");
        }

        private boolean isLeader() {
            return process != null && get("/metrics").contains("\netcd_server_is_leader 1");
        }

        private String get(String path) {
            try {
                return http.send(
                                HttpRequest.newBuilder(URI.create(url() + path))
                                        .timeout(Duration.ofSeconds(2))
                                        .build(),
                                BodyHandlers.ofString())
                        .body();
            } catch (IOException _) {
                return "";
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException(interrupted);
            }
        }

        /** Calls a method that only tests use, as JSON. Returns the response. */
        String call(String path, String json) throws IOException, InterruptedException {
            var response = http.send(
                    HttpRequest.newBuilder(URI.create(url() + "/v3/" + path))
                            .timeout(Duration.ofSeconds(10))
                            .POST(BodyPublishers.ofString(json))
                            .build(),
                    BodyHandlers.ofString());
            assertEquals(200, response.statusCode(), response.body());
            return response.body();
        }
    }

    EtcdCluster(Path directory, int size, String... options) throws IOException {
        RequiredTool.ETCD.require();
        this.directory = Files.createDirectories(directory);
        this.options.addAll(List.of(options));
        IntStream.range(0, size).forEach(i -> members.add(new Member("etcd" + i)));
    }

    /** Starts all members, and waits until they answer. */
    EtcdCluster start() throws IOException {
        for (Member member : members) {
            member.start();
        }
        awaitHealthy();
        return this;
    }

    EtcdCluster option(String option) {
        options.add(option);
        return this;
    }

    void awaitHealthy() {
        Waiting.await("etcd answers")
                .pollInterval(POLL)
                .until(() -> members.stream().allMatch(Member::isHealthy));
    }

    /** Waits until all members answer, also if they cannot store anything. */
    void awaitListening() {
        Waiting.await("etcd listens")
                .pollInterval(POLL)
                .until(() -> members.stream()
                        .allMatch(member -> member.get("/version").contains("etcdserver")));
    }

    Member member(int index) {
        return members.get(index);
    }

    Member leader() {
        Waiting.await("etcd has a leader")
                .pollInterval(POLL)
                .until(() -> members.stream().anyMatch(Member::isLeader));
        return members.stream().filter(Member::isLeader).findFirst().orElseThrow();
    }

    /** The addresses of all members, beginning with this one. */
    List<SocketAddress> addressesFrom(Member first) {
        List<SocketAddress> addresses = new ArrayList<>(List.of(first.address()));
        members.stream().filter(member -> member != first).map(Member::address).forEach(addresses::add);
        return addresses;
    }

    @Override
    public void close() {
        members.forEach(Member::kill);
        ports.close();
        http.close();
    }
}

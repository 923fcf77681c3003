package dtc.conformance;

import dtc.conformance.CheckOptions.Restarter;
import dtc.conformance.Row.Profile;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The command {@code rm check}. */
public final class CheckCommand {

    private static final String USAGE = """
            usage: rm check <url> --write '{"key":"k","value":1}' [options]
                   Checks that the resource manager at <url> follows the protocol. The command acts as its coordinator: start
                   the resource manager with the address of --listen as the URL of its coordinator.
                   --write <json>          a write that the resource manager accepts. A suffix is appended to the key. If
                                           it is repeated, the second write contains another value
                   --listen <host>:<port>  where the command listens as a coordinator (127.0.0.1:8080)
                   --id <id>               the id of the resource manager, if it registers with another URL
                   --restart <command>     a shell command that kills the resource manager and starts it again
                   --profile <profiles>    core,one-phase,batch,durable,slow (core,one-phase,batch)
                   --rows <names>          runs only these rows
                   --known-failing <file>  rows that may fail, one name per line
                   --junit <file>          also writes the results in JUnit format
                   --wait <seconds>        how long to wait for a registration or an inquiry (40)
                   DTC_COORDINATOR_TOKEN_FILE names a file with a token, if the resource manager requires one.
                   The exit code is 0 if no row failed, 1 if one failed, and 2 for wrong arguments.""";

    private static final String TOKEN_FILE = "DTC_COORDINATOR_TOKEN_FILE";
    private static final Duration RESTART_TIMEOUT = Duration.ofMinutes(2);
    private static final Set<String> OPTIONS = Set.of(
            "--write", "--listen", "--id", "--restart", "--profile", "--rows", "--known-failing", "--junit", "--wait");

    private static final int PASSED = 0;
    private static final int FAILED = 1;
    /** The exit code for wrong arguments, and if the command cannot listen. */
    private static final int ERROR = 2;

    private final Map<String, String> environment;
    private final PrintStream out;
    private final PrintStream err;

    public CheckCommand(Map<String, String> environment, PrintStream out, PrintStream err) {
        this.environment = environment;
        this.out = out;
        this.err = err;
    }

    /** The arguments are wrong. */
    private static final class UsageException extends Exception {
        UsageException(String message) {
            super(message);
        }
    }

    /** Runs the command with the arguments after {@code rm check}, and returns its exit code. */
    public int run(List<String> args) {
        if (args.contains("--help")) {
            out.println(USAGE);
            return PASSED;
        }
        try {
            Map<String, List<String>> values = parse(args);
            Set<String> knownFailing = knownFailing(values);
            CheckOptions options = options(values);
            List<RowResult> results;
            try (CheckRun run = new CheckRun(options)) {
                results = run.run();
            }
            CheckReport report = new CheckReport(results, knownFailing);
            report.print(out);
            String junit = last(values, "--junit");
            if (junit != null) {
                report.writeJunit(Path.of(junit));
            }
            return report.hasFailed() ? FAILED : PASSED;
        } catch (UsageException e) {
            err.println(e.getMessage());
            err.println(USAGE);
            return ERROR;
        } catch (IOException e) {
            err.println("rm check: " + e);
            return ERROR;
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            return ERROR;
        }
    }

    /** Returns the values of each option, and that of the URL under an empty name. */
    private static Map<String, List<String>> parse(List<String> args) throws UsageException {
        Map<String, List<String>> values = new HashMap<>();
        for (int i = 0; i < args.size(); i++) {
            String name = args.get(i);
            if (!name.startsWith("--")) {
                values.computeIfAbsent("", _ -> new ArrayList<>()).add(name);
            } else if (OPTIONS.contains(name) && i + 1 < args.size()) {
                i++;
                values.computeIfAbsent(name, _ -> new ArrayList<>()).add(args.get(i));
            } else {
                throw new UsageException(OPTIONS.contains(name) ? name + " needs a value" : "unknown option " + name);
            }
        }
        return values;
    }

    private static @Nullable String last(Map<String, List<String>> values, String option) {
        return values.containsKey(option) ? values.get(option).getLast() : null;
    }

    private CheckOptions options(Map<String, List<String>> values) throws UsageException, IOException {
        List<String> urls = values.getOrDefault("", List.of());
        if (urls.size() != 1) {
            throw new UsageException("one URL is needed");
        }
        String tokenFile = environment.get(TOKEN_FILE);
        String restart = last(values, "--restart");
        return new CheckOptions(
                url(urls.getFirst()),
                write(values.getOrDefault("--write", List.of())),
                address(last(values, "--listen")),
                last(values, "--id"),
                tokenFile == null ? null : Files.readString(Path.of(tokenFile)).strip(),
                restart == null ? null : command(restart),
                profiles(last(values, "--profile")),
                rows(list(last(values, "--rows"))),
                wait(last(values, "--wait")));
    }

    private static URI url(String text) throws UsageException {
        try {
            URI url = URI.create(text.endsWith("/") ? text.substring(0, text.length() - 1) : text);
            if (("http".equalsIgnoreCase(url.getScheme()) || "https".equalsIgnoreCase(url.getScheme()))
                    && url.getHost() != null) {
                return url;
            }
        } catch (IllegalArgumentException _) {
            // reported below
        }
        throw new UsageException("not a URL http(s)://host[:port][/path]: " + text);
    }

    private static SampleWrite write(List<String> texts) throws UsageException {
        Optional<SampleWrite> write = texts.isEmpty() || texts.size() > 2
                ? Optional.empty()
                : SampleWrite.parse(texts.getFirst(), texts.size() == 2 ? texts.get(1) : null);
        return write.orElseThrow(() -> new UsageException(
                "--write must be {\"key\":…,\"value\":…}, and a second one must contain another value"));
    }

    private static InetSocketAddress address(@Nullable String text) throws UsageException, IOException {
        String address = text == null ? "127.0.0.1:8080" : text;
        int colon = address.lastIndexOf(':');
        if (colon < 1) {
            throw new UsageException("--listen must be <host>:<port>");
        }
        try {
            return new InetSocketAddress(
                    InetAddress.getAllByName(address.substring(0, colon))[0],
                    Integer.parseInt(address.substring(colon + 1)));
        } catch (IllegalArgumentException e) {
            throw new UsageException("--listen: " + e.getMessage());
        }
    }

    private static Set<Profile> profiles(@Nullable String text) throws UsageException {
        if (text == null) {
            return EnumSet.of(Profile.CORE, Profile.ONE_PHASE, Profile.BATCH);
        }
        Set<Profile> profiles = EnumSet.noneOf(Profile.class);
        for (String name : list(text)) {
            profiles.add(Arrays.stream(Profile.values())
                    .filter(profile -> profile.text().equals(name))
                    .findFirst()
                    .orElseThrow(() -> new UsageException("unknown profile " + name)));
        }
        return profiles;
    }

    private static Set<String> rows(Set<String> names) throws UsageException {
        Set<String> unknown = new TreeSet<>(names);
        unknown.removeAll(CheckRun.allRows().stream().map(Row::name).collect(Collectors.toSet()));
        if (!unknown.isEmpty()) {
            throw new UsageException("unknown rows " + unknown);
        }
        return names;
    }

    private static Set<String> list(@Nullable String text) {
        return text == null
                ? Set.of()
                : Arrays.stream(text.split(","))
                        .map(String::strip)
                        .filter(name -> !name.isEmpty())
                        .collect(Collectors.toSet());
    }

    private static Duration wait(@Nullable String seconds) throws UsageException {
        try {
            return Duration.ofSeconds(seconds == null ? 40 : Integer.parseUnsignedInt(seconds));
        } catch (NumberFormatException _) {
            throw new UsageException("--wait must be a number of seconds");
        }
    }

    private static Set<String> knownFailing(Map<String, List<String>> values) throws UsageException, IOException {
        String file = last(values, "--known-failing");
        if (file == null) {
            return Set.of();
        }
        try (Stream<String> lines = Files.lines(Path.of(file))) {
            return rows(lines.map(line -> line.split("#", 2)[0].strip())
                    .filter(line -> !line.isEmpty())
                    .collect(Collectors.toSet()));
        }
    }

    private static Restarter command(String command) {
        return () -> {
            // A file, since processes that the command starts may keep a pipe open.
            Path output = Files.createTempFile("rm-check", ".txt");
            try {
                Process process = new ProcessBuilder("sh", "-c", command)
                        .redirectInput(ProcessBuilder.Redirect.from(
                                Path.of("/dev/null").toFile()))
                        .redirectErrorStream(true)
                        .redirectOutput(output.toFile())
                        .start();
                if (!process.waitFor(RESTART_TIMEOUT)) {
                    process.destroyForcibly();
                    throw new IOException("it did not end in time: " + command);
                }
                if (process.exitValue() != 0) {
                    throw new IOException("exit code %s of %s: %s"
                            .formatted(process.exitValue(), command, Exchange.shortened(Files.readString(output))));
                }
            } finally {
                Files.delete(output);
            }
        };
    }
}

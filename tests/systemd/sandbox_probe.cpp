// sandbox_probe PID FILE...: what can a program do where this one runs? One line of JSON for each attempt: to write each
// file, to trace the process, to make each kind of namespace, and a few things more that no daemon of ours needs.
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

// In a child of its own: the attempt may be answered with death (SIGSYS), and what succeeds ends with the child.
// The attempt returns 0 or an errno.
void attempt(const std::string& what, const std::function<int()>& act) {
  std::fflush(stdout);
  const pid_t child = fork();
  if (child < 0) {
    std::perror("fork");
    std::exit(EXIT_FAILURE);
  }
  if (child == 0) _exit(act());
  int status = 0;
  waitpid(child, &status, 0);
  const bool was_killed = WIFSIGNALED(status);
  const int error = was_killed ? 0 : WEXITSTATUS(status);
  const std::string answer = was_killed ? "killed by signal " + std::to_string(WTERMSIG(status)) : strerror(error);
  std::printf(R"({"attempt": "%s", "refused": %s, "answer": "%s"})"
              "\n",
              what.c_str(), was_killed || error != 0 ? "true" : "false", answer.c_str());
}

int outcome(bool succeeded) { return succeeded ? 0 : errno; }

int write_file(const char* file) {
  const int descriptor = open(file, O_WRONLY | O_CREAT | O_APPEND, 0600);
  if (descriptor < 0) return errno;
  return outcome(write(descriptor, "x", 1) == 1);
}

int make_memory_executable() {
  void* page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return errno;
  return outcome(mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return EXIT_FAILURE;
  const pid_t other = std::atoi(argv[1]);
  for (int i = 2; i < argc; ++i) attempt(std::string{"write "} + argv[i], [&] { return write_file(argv[i]); });
  attempt("trace another process", [&] { return outcome(ptrace(PTRACE_ATTACH, other, nullptr, nullptr) == 0); });
  constexpr struct {
    const char* name;
    int flag;
  } namespaces[] = {
      {"user", CLONE_NEWUSER}, {"mount", CLONE_NEWNS}, {"pid", CLONE_NEWPID},       {"network", CLONE_NEWNET},
      {"ipc", CLONE_NEWIPC},   {"uts", CLONE_NEWUTS},  {"cgroup", CLONE_NEWCGROUP},
  };
  for (const auto& kind : namespaces) {
    // All but the first take a right that a new user namespace would give.
    const int with_user = kind.flag | CLONE_NEWUSER;
    attempt(std::string{"new namespace "} + kind.name, [&] { return outcome(unshare(with_user) == 0); });
  }
  attempt("mount", [] { return outcome(mount("none", "/tmp", "tmpfs", 0, nullptr) == 0); });
  attempt("packet socket", [] { return outcome(socket(AF_PACKET, SOCK_RAW, 0) >= 0); });
  attempt("executable memory", make_memory_executable);
}

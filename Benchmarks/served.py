"""Methods that run in another process: `fewtap-bench serve`, and torch_serve.py. They time themselves, so that neither the
start of a process nor a pipe counts. Requests and answers are lines of JSON, see Sources/fewtap-bench/Serve.swift."""
import json
import os
import subprocess
import tempfile

import numpy as np


class Refused(Exception):
    """The other process did not do it, and why."""


class Child:
    def __init__(self, command, **environment):
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self.process = subprocess.Popen(command, env=os.environ | environment, text=True, **pipes)
        self.command = " ".join(map(str, command))

    def ask(self, **request):
        line = ""
        try:
            self.process.stdin.write(json.dumps(request) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            pass
        if not line:
            raise Refused(f"{self.command} ended with {self.process.wait()} on {request}")
        answer = json.loads(line)
        if "error" in answer:
            raise Refused(answer["error"])
        return answer

    def close(self):
        # Closing fails where the child has ended with a request unread.
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        self.process.wait()


class Served:
    """One method on one image in the other process; what is asked of `load` is the method's own affair."""

    def __init__(self, child, image, threads, **load):
        self.child, self.shape, self.dtype = child, image.shape, image.dtype
        height, width, channels = (*image.shape, 1)[:3]
        load |= {"width": width, "height": height, "channels": channels, "threads": threads}
        self.job = child.ask(load=load)["job"]
        self.take(image)

    def take(self, image):
        with tempfile.NamedTemporaryFile() as file:
            image.tofile(file.name)
            self.child.ask(take={"job": self.job, "path": file.name})

    def run(self):
        self.turn(1, warm=False)

    def turn(self, times, warm=True):
        answer = self.child.ask(run={"job": self.job, "times": times, "warm": warm})
        return answer["wall"], answer["processor"]

    @property
    def result(self):
        with tempfile.NamedTemporaryFile() as file:
            self.child.ask(output={"job": self.job, "path": file.name})
            return np.fromfile(file.name, self.dtype).reshape(self.shape)

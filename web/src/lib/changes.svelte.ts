/** Says to lists that something came back (an undo), wherever the person is by then. */
class Changes {
  journal = $state(0);
  recordings = $state(0);
}

export const changes = new Changes();

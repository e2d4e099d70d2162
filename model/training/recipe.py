"""The recipe: every number of a training run that was chosen by trying, on digits held out of training."""

EPOCHS = 15  # passes over the digits; 5 read nearly as well in a third of the time
BATCH_SIZE = 128  # pictures a step
PEAK_RATE = 3e-3  # highest learning rate (Adam), for batches of 128; it grows with the root of their size
WARM_UP = 0.2  # of all steps: the rate climbs to its peak, then falls along a cosine to nearly zero

# Of all pictures shown. The rest are MNIST's digits, and most pictures are varied: turned, bent, another pen.
NON_DIGITS = 0.12  # letters, signs, scribbles, pieces of digits: the network learns to be unsure of them
DRAWN = 0.15  # digits in styles that MNIST has few of
UNVARIED = 0.3  # shown as they are

# Towards the end most pictures are varied only a little, for what is read is nearer to them (He et al. 2019).
CALM_END = 0.2  # of the epochs: how long that end is
NUDGED = 0.8  # of the pictures shown in it: only turned, bent and moved a little

# Non-digits are drawn once and varied ever after; of drawn digits half as many. More for longer runs, fewer for small
# data.
NON_DIGITS_DRAWN = 12_000  # for each 15 epochs

# --start: weights that are good already go on.
START_RATE = 0.4  # of PEAK_RATE: a higher one forgets too much, after a lower one digits of other hands are read worse
START_SAY = 0.5  # of a digit's target: what the weights said of it, so that they forget less (Li, Hoiem 2016)

# --handwriting: a person's digits are learnt by a network that is good already.
HAND_EPOCHS = 3
HAND_RATE = 0.25  # of PEAK_RATE: a higher one forgets too much of what the network knows
HAND_SHARE = 0.25  # of all pictures: the person's own digits, however few there are
HAND_MNIST = 20_000  # of MNIST's digits, shown beside them: enough to forget nothing, in a third of the time

VALIDATION = 1 / 12  # of the training digits, kept apart by --validation: 5,000 of MNIST's 60,000
